//! The one place where errors of the engine become exceptions of Python.

use std::io;

use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

/// `ValueError` for arguments that make no sense, otherwise the `OSError` of the same code.
pub fn to_python(error: io::Error) -> PyErr {
    match error.kind() {
        io::ErrorKind::InvalidInput => PyValueError::new_err(error.to_string()),
        _ => error.into(),
    }
}
