"""A report of results: one page that stands alone, and the same in Markdown beside it."""

from returnsim.report.writing import usual_file, write_report

__all__ = ["usual_file", "write_report"]
