//! Tests of what is not visible from outside: openraft's suite, and the bytes of every released format.

mod fixtures;
mod suite;
