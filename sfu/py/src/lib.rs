//! `moothall_sfu._moothall_sfu`: conversions between Python values and the SFU's commands and events, nothing else.
#![expect(clippy::needless_pass_by_value, reason = "arguments extracted from Python are owned")]
#![expect(clippy::too_many_arguments, reason = "signatures are those of `__init__.pyi`")]

mod engine;
mod events;

use pyo3::prelude::*;

#[pymodule]
fn _moothall_sfu(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<engine::Engine>()
}
