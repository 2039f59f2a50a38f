"""What is recorded."""

from tests.record.alive import ALIVE
from tests.record.scenario import Scenario
from tests.record.sequences import SEQUENCES
from tests.record.single import SINGLE

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in (*SINGLE, *ALIVE, *SEQUENCES)}
