"""What a number means: a Query to one SQL statement to a frame. The front door of the layer; shows nothing."""

from metrics.answers import Answer, Rows
from metrics.opening import OpenCompany, open_company
from metrics.query import Query, only
from metrics.run import Session

__all__ = ["Answer", "OpenCompany", "Query", "Rows", "Session", "only", "open_company"]
