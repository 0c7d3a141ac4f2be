//! A SavedModel as text for people: what it answers, what it is made of, how large it is.
//! Values come in, text goes out; `--json` has the whole of it instead.

use std::fmt::Write;

use savedmodel::{ModelInfo, Signature, TensorInfo, Variable};

use crate::report::{bytes, count};

/// Variables that are named one by one.
const LARGEST: usize = 10;
/// Columns that a list of ops takes.
const WIDTH: usize = 100;
/// Labels that are named at either end.
const LABELS: usize = 3;

pub(super) fn draw(info: &ModelInfo, notice: Option<&str>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(info, notice, &mut text);
    text
}

fn write(info: &ModelInfo, notice: Option<&str>, text: &mut String) -> std::fmt::Result {
    let mut line = |name: &str, value: &str| writeln!(text, "{name:<12} {value}");
    line("folder", &info.folder.display().to_string())?;
    line("size", &bytes(info.bytes))?;
    line("tags", &info.tags.join(", "))?;
    line("TensorFlow", &info.tensorflow_version)?;
    line("graph", &format!("{} nodes, {} functions", info.nodes, info.functions))?;
    line("labels", &labels(&info.labels))?;
    line("assets", &if info.assets.is_empty() { "none".into() } else { info.assets.join(", ") })?;
    line("warm-up", &info.warm_up_records.map_or("none".into(), |count| format!("{count} records")))?;
    if let Some(notice) = notice {
        line("notice", notice)?;
    }
    for (name, signature) in &info.signatures {
        self::signature(name, signature, text)?;
    }
    ops(info, text)?;
    variables(&info.variables, text)
}

fn signature(name: &str, signature: &Signature, text: &mut String) -> std::fmt::Result {
    writeln!(text, "\nsignature {name} ({})", signature.method)?;
    let sides = [("in", &signature.inputs), ("out", &signature.outputs)];
    for (side, tensors) in sides {
        for (name, tensor) in tensors {
            writeln!(text, "  {side:<4} {name:<16} {:<20} {}", typed(tensor), tensor.tensor)?;
        }
    }
    Ok(())
}

/// `float [?,5]`.
fn typed(tensor: &TensorInfo) -> String {
    let size = |size: &i64| if *size < 0 { "?".into() } else { size.to_string() };
    match &tensor.shape {
        Some(shape) => format!("{} [{}]", tensor.dtype, shape.iter().map(size).collect::<Vec<_>>().join(",")),
        None => format!("{} of any shape", tensor.dtype),
    }
}

/// All of them in as few lines as they take, the most frequent first.
fn ops(info: &ModelInfo, text: &mut String) -> std::fmt::Result {
    let mut ops: Vec<_> = info.ops.iter().collect();
    // The map is sorted by name, and so are ops of equal count.
    ops.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut line = format!("{:<12}", "ops");
    writeln!(text)?;
    for (name, nodes) in ops {
        let word = format!(" {name} {nodes}");
        if line.len() + word.len() > WIDTH {
            writeln!(text, "{line},")?;
            line = " ".repeat(12);
        } else if line.len() > 12 {
            line.push(',');
        }
        line.push_str(&word);
    }
    writeln!(text, "{line}")
}

fn variables(variables: &[Variable], text: &mut String) -> std::fmt::Result {
    let total = variables.iter().map(|variable| variable.bytes).sum();
    writeln!(
        text,
        "\nvariables    {}: {} parameters, {}",
        variables.len(),
        count(parameters(variables)),
        bytes(total)
    )?;
    let mut largest: Vec<&Variable> = variables.iter().collect();
    largest.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    if largest.len() > LARGEST {
        writeln!(text, "the {LARGEST} largest")?;
        largest.truncate(LARGEST);
    }
    for variable in largest {
        let typed = format!("{} {}", variable.dtype, variable.shape);
        writeln!(text, "{:>12}  {typed:<26} {}", bytes(variable.bytes), variable.name)?;
    }
    Ok(())
}

/// Numbers in all variables.
pub(crate) fn parameters(variables: &[Variable]) -> u64 {
    variables.iter().map(|variable| variable.shape.elements().unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
}

/// `1001: background | tench, Tinca tinca | goldfish | … | toilet tissue`; labels have commas of their own.
fn labels(labels: &[String]) -> String {
    let ends = match labels {
        [] => return "none".into(),
        few if few.len() <= 2 * LABELS => few.join(" | "),
        many => format!("{} | … | {}", many[..LABELS].join(" | "), many[many.len() - LABELS..].join(" | ")),
    };
    format!("{}: {ends}", labels.len())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use savedmodel::{DataType, Shape};

    use super::*;

    fn tensor(tensor: &str, dtype: DataType, shape: Option<&[i64]>) -> TensorInfo {
        TensorInfo { tensor: tensor.into(), dtype, shape: shape.map(<[i64]>::to_vec) }
    }

    fn variable(name: String, shape: &[u64]) -> Variable {
        let bytes = shape.iter().product::<u64>() * 4;
        Variable { name, dtype: DataType::FLOAT, shape: Shape(shape.to_vec()), bytes }
    }

    #[test]
    fn a_model_is_told_at_a_glance() {
        let signature = Signature {
            method: "tensorflow/serving/predict".into(),
            inputs: [("images".into(), tensor("tf_example:0", DataType::STRING, Some(&[-1])))].into(),
            outputs: [
                ("scores".into(), tensor("TopKV2:0", DataType::FLOAT, Some(&[-1, 5]))),
                ("x".into(), tensor("x:0", DataType::INT64, None)),
            ]
            .into(),
        };
        let many = (0..12).map(|n| variable(format!("v{n:02}"), &[n + 1]));
        let info = ModelInfo {
            folder: "model-data/1".into(),
            tags: vec!["serve".into()],
            tensorflow_version: "1.5.0".into(),
            signatures: [("predict_images".into(), signature)].into(),
            ops: [("Conv2D".into(), 94), ("Add".into(), 2), ("Const".into(), 94)].into(),
            nodes: 190,
            functions: 0,
            variables: many.collect(),
            labels: ["a", "b", "c", "d", "e", "f", "g"].map(String::from).into(),
            assets: Vec::new(),
            warm_up_records: Some(4),
            bytes: 95 << 20,
        };
        expect![[r#"
            folder       model-data/1
            size         95.0 MiB
            tags         serve
            TensorFlow   1.5.0
            graph        190 nodes, 0 functions
            labels       7: a | b | c | … | e | f | g
            assets       none
            warm-up      4 records
            notice       only timings are real

            signature predict_images (tensorflow/serving/predict)
              in   images           string [?]           tf_example:0
              out  scores           float [?,5]          TopKV2:0
              out  x                int64 of any shape   x:0

            ops          Const 94, Conv2D 94, Add 2

            variables    12: 78 parameters, 312 B
            the 10 largest
                    48 B  float [12]                 v11
                    44 B  float [11]                 v10
                    40 B  float [10]                 v09
                    36 B  float [9]                  v08
                    32 B  float [8]                  v07
                    28 B  float [7]                  v06
                    24 B  float [6]                  v05
                    20 B  float [5]                  v04
                    16 B  float [4]                  v03
                    12 B  float [3]                  v02
        "#]]
        .assert_eq(&draw(&info, Some("only timings are real")));
    }

    #[test]
    fn a_model_without_anything_is_told_as_well() {
        assert_eq!(labels(&[]), "none");
        assert_eq!(labels(&["cat".into(), "dog".into()]), "2: cat | dog");
        assert_eq!(parameters(&[]), 0);
        assert_eq!(parameters(&[variable("scalar".into(), &[])]), 1);
    }
}
