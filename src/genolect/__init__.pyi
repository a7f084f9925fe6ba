from genolect.api.evaluation import Evaluation as Evaluation
from genolect.api.evaluation import evaluate as evaluate
from genolect.api.genome import read_genome as read_genome
from genolect.api.model import Model as Model
from genolect.api.model import load_model as load_model
from genolect.api.table import Table as Table
from genolect.api.table import audit as audit
from genolect.api.table import read_table as read_table
from genolect.api.training import pretrain as pretrain
from genolect.errors import GenolectError as GenolectError
from genolect.genome.genome import PreparedGenome as PreparedGenome
from genolect.tables.audit.audit import Audit as Audit

__version__: str
