//! Variables of a model: declared where a layer first uses them, shared by everything that names them again, saved and
//! restored together.

use std::{cell::RefCell, collections::BTreeMap};

use super::{Scope, Tensor, Text};
use crate::{
    proto::{meta::SaverDef, tensor::TensorShapeProto},
    tensor::{DataType, Shape, TensorSpec},
};

/// A float variable of the graph.
#[derive(Debug, Clone)]
pub struct Variable {
    pub name: String,
    pub shape: Shape,
    read: Tensor<f32>,
}

impl Variable {
    /// Its value.
    pub fn read(&self) -> &Tensor<f32> {
        &self.read
    }
}

/// All variables of one graph, by name.
#[derive(Debug)]
pub struct Variables<'g> {
    root: Scope<'g>,
    declared: RefCell<BTreeMap<String, Variable>>,
}

impl<'g> Variables<'g> {
    pub fn new(root: Scope<'g>) -> Self {
        Self { root, declared: RefCell::default() }
    }

    /// The variable of this name, declared now if it is not yet.
    pub fn get(&self, name: &str, shape: impl Into<Shape>) -> Variable {
        let shape = shape.into();
        if let Some(known) = self.declared.borrow().get(name) {
            debug_assert_eq!(known.shape, shape, "{name} has one shape");
            return known.clone();
        }
        let made = self.root.node("VariableV2").named(name).attr("dtype", DataType::FLOAT);
        let made =
            made.attr("shape", TensorShapeProto::from(&shape)).attr("container", "").attr("shared_name", "").add();
        let read = self.root.node("Identity").named(&format!("{name}/read")).input(&Tensor::<f32>::of(made.clone(), 0));
        let read = read.attr("T", DataType::FLOAT).output();
        let variable = Variable { name: made, shape, read };
        self.declared.borrow_mut().insert(name.to_owned(), variable.clone());
        variable
    }

    /// What a bundle must hold.
    pub fn specs(&self) -> BTreeMap<String, TensorSpec> {
        let declared = self.declared.borrow();
        let spec = |variable: &Variable| TensorSpec { dtype: DataType::FLOAT, shape: variable.shape.clone() };
        declared.iter().map(|(name, variable)| (name.clone(), spec(variable))).collect()
    }

    /// Adds what saves and restores all variables of `variables/variables`.
    pub fn saver(&self) -> SaverDef {
        let scope = self.root.enter("save");
        let declared = self.declared.borrow();
        let prefix = scope.constant_text("Const/default", &[], vec![b"model".to_vec()]);
        let prefix = scope.node("PlaceholderWithDefault").named("Const").input(&prefix).attr("dtype", DataType::STRING);
        let prefix: Tensor<Text> = prefix.attr("shape", TensorShapeProto::default()).output();
        let count = [declared.len() as i64];
        let floats = || vec![DataType::FLOAT; declared.len()];
        let all_names = || declared.keys().map(|name| name.clone().into_bytes()).collect::<Vec<_>>();

        let within = scope.enter("SaveV2");
        let names = within.constant_text("tensor_names", &count, all_names());
        let slices = within.constant_text("shape_and_slices", &count, vec![Vec::new(); declared.len()]);
        let save = scope.node("SaveV2").input(&prefix).input(&names).input(&slices).attr("dtypes", floats());
        let save = declared.values().fold(save, |save, variable| save.variable(variable)).add();
        let saved = scope.node("Identity").named("control_dependency").input(&prefix).after(&save);
        let saved: Tensor<Text> = saved.attr("T", DataType::STRING).output();

        let within = scope.enter("RestoreV2");
        let names = within.constant_text("tensor_names", &count, all_names());
        let slices = within.constant_text("shape_and_slices", &count, vec![Vec::new(); declared.len()]);
        let restore =
            scope.node("RestoreV2").input(&prefix).input(&names).input(&slices).attr("dtypes", floats()).add();
        let assigned = declared.values().enumerate().map(|(output, variable)| {
            let assign = scope.node("Assign").variable(variable).input(&Tensor::<f32>::of(restore.clone(), output));
            assign.attr("T", DataType::FLOAT).attr("use_locking", true).attr("validate_shape", true).add()
        });
        let assigned: Vec<String> = assigned.collect();
        let all = scope.node("NoOp").named("restore_all");
        let restore_op_name = assigned.iter().fold(all, |all, assign| all.after(assign)).add();
        SaverDef {
            filename_tensor_name: prefix.name(),
            save_tensor_name: saved.name(),
            restore_op_name,
            max_to_keep: 5,
            sharded: false,
            keep_checkpoint_every_n_hours: 10_000.0,
            version: 2,
        }
    }
}
