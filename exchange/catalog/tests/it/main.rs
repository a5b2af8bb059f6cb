//! The catalogs of the repository, and what damaged ones do to the compiler.

mod configs;
mod damage;
