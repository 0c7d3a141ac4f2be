//! Tests of the compiled program from outside, as its users meet it.

mod real;
