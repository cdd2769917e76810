"""Columns of one table, CSV or Parquet, as numbers and as words.

https://www.rfc-editor.org/rfc/rfc4180 and https://parquet.apache.org. Columns are known by their
names in the first line; blanks around a name do not count. Text is UTF-8. What a spreadsheet of
another country makes of a table is said by name: other separators, a decimal comma, another
encoding.
"""

import codecs
import csv
import re

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from laban.errors import LabanError, unknown_name

__all__ = ["read_columns"]

_MOST_CELLS = 2**27  # of one table, a gibibyte as numbers
_MOST_HEADER = 2**20  # bytes
_SEPARATORS = {";": ";", ",": ",", "\t": r"\t", "|": "|", " ": " "}  # as YAML writes them
_ODD_ROW = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
_NO_TEXT = re.compile(r"Row #(\d+): .*invalid UTF8 data")
_NO_NUMBER = re.compile(r"Row #(\d+): .*invalid value '(.*)'")
_COMMA = re.compile(r"\s*[-+]?\d*,\d+(e[-+]?\d+)?\s*", re.IGNORECASE)

_Columns = dict[str, pa.DataType]


def read_columns(
    data: bytes, path: str, numbers: list[str], words: list[str], *, delimiter: str, decimal: str
) -> pa.Table:
    """Some columns of a table.

    Args:
        data: The file's bytes.
        path: Its name, which also tells CSV from Parquet.
        numbers: Columns of numbers.
        words: Columns of words.
        delimiter: Between the fields of a CSV file.
        decimal: Between the digits of its numbers.

    Raises:
        LabanError: For a file that is no table, a column that is not there, or a cell that is not
            a number.
    """
    columns = dict.fromkeys(numbers, pa.float64()) | dict.fromkeys(words, pa.string())
    try:
        if path.lower().endswith(".csv"):
            return _from_csv(data, path, columns, delimiter, decimal)
        return _from_parquet(data, path, columns)
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as fault:
        reason = " ".join(str(fault).split())[:200].rstrip(".")
        raise LabanError(f"{path} cannot be read ({reason}): mend it or leave it out") from fault


def _from_csv(data: bytes, path: str, columns: _Columns, delimiter: str, decimal: str) -> pa.Table:
    header = _header(data, path, columns, delimiter)
    _check_columns(header, columns, path)
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=header, skip_rows=1),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(columns),
                column_types=columns,
                strings_can_be_null=True,
                decimal_point=decimal,
            ),
        )
    except pa.ArrowInvalid as fault:
        # Its handler of such rows cannot be told of one that is not UTF-8.
        if match := _ODD_ROW.search(str(fault)):
            raise LabanError(
                f"{path}, row {match[1]} has {match[3]} fields where {match[2]} belong: "
                "mend the row"
            ) from fault
        if match := _NO_TEXT.search(str(fault)):
            raise LabanError(
                f"{path}, row {match[1]} is not text in UTF-8: save it as 'CSV UTF-8'"
            ) from fault
        if match := _NO_NUMBER.search(str(fault)):
            comma = decimal == "." and _COMMA.fullmatch(match[2])
            remedy = 'write decimal: "," in the layout' if comma else "mend the cell, or empty it"
            raise LabanError(
                f"{path}, row {match[1]}: {match[2][:40]!r} is not a number, {remedy}"
            ) from fault
        raise


def _header(data: bytes, path: str, columns: _Columns, delimiter: str) -> list[str]:
    """The names of the columns, without the blanks around them."""
    first = next(iter(data[:_MOST_HEADER].splitlines()), b"")
    if not first.strip() and not data[:_MOST_HEADER].strip():
        raise LabanError(f"{path} is empty: copy it again or leave it out")
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UnicodeError("UTF-16")
        text = first.decode("utf-8-sig")
    except UnicodeError as fault:
        raise LabanError(f"{path} is not text in UTF-8: save it as 'CSV UTF-8'") from fault
    fields = _fields(text, delimiter)
    if not set(columns) <= set(fields):
        for other, written in _SEPARATORS.items():
            if other != delimiter and set(columns) <= set(_fields(text, other)):
                raise LabanError(
                    f'{path}: write delimiter: "{written}" in the layout, for that is what '
                    "stands between its fields"
                )
    return fields


def _fields(text: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
    except csv.Error:  # a field of more than 128 kB
        return []


def _from_parquet(data: bytes, path: str, columns: _Columns) -> pa.Table:
    file = parquet.ParquetFile(pa.BufferReader(data))
    _check_columns(file.schema_arrow.names, columns, path)
    rows = file.metadata.num_rows
    if rows * len(columns) > _MOST_CELLS:
        raise LabanError(f"{path} has {rows:,} rows, too many for one table: cut it into parts")
    table = file.read(columns=list(columns))
    return table.select(list(columns)).cast(pa.schema(list(columns.items())))


def _check_columns(header: list[str], columns: _Columns, path: str) -> None:
    for column in columns:
        if column not in header:
            raise unknown_name(f"column of {path}, named by the layout,", column, header)
        if header.count(column) > 1:
            raise LabanError(f"{path}: the column {column} is there twice, rename one")
