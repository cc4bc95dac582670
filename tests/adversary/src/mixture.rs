//! How hostile a trial is.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How hostile a trial is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub enum Mixture {
    /// Only what the control comes through: see [`defender_sim::hostile::Hostility::mild`].
    Mild,
    /// Everything but the kinds that came later: see [`defender_sim::hostile::Hostility::full`].
    Full,
    /// Everything: see [`defender_sim::hostile::Hostility::twisted`]; and our clock jumps.
    #[default]
    Twisted,
}
