"""What is recorded."""

from tests.record.alive import ALIVE
from tests.record.scenario import Scenario
from tests.record.sequences import SEQUENCES
from tests.record.single import SINGLE

ALL: tuple[Scenario, ...] = (*SINGLE, *ALIVE, *SEQUENCES)
SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in ALL}
