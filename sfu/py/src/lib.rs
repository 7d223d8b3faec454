//! `moothall_sfu._moothall_sfu`: conversions between Python values and the SFU's commands and
//! events, nothing else.
#![expect(clippy::needless_pass_by_value, reason = "arguments extracted from Python are owned")]
#![expect(clippy::too_many_arguments, reason = "signatures are those of `__init__.pyi`")]

mod engine;
mod error;
mod messages;

use moothall_sfu_core::format::Format;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Collects log records of this level and of less verbose ones, for `Engine.take_logs`.
#[pyfunction]
fn collect_logs(level: &str) -> PyResult<()> {
    if moothall_sfu_io::collect_logs(level) {
        return Ok(());
    }
    Err(PyValueError::new_err(format!("{level:?} is not a log level")))
}

#[pymodule]
fn _moothall_sfu(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("CODECS", PyTuple::new(module.py(), Format::ALL.map(Format::mime))?)?;
    module.add_function(wrap_pyfunction!(collect_logs, module)?)?;
    module.add_class::<engine::Engine>()
}
