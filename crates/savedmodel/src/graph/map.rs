//! The loop over a batch: TensorFlow 1's while loop with the wires of a map, one image after the other (some at a time).
//! Its counter and the output array's flow go round; the input array and the limits stand still.

use super::{Element, Resource, Scope, Tensor, Text};
use crate::{proto::tensor::TensorShapeProto, tensor::DataType};

const PARALLEL_ITERATIONS: i64 = 10;

/// A tensor array: its handle, and the flow that orders what is done to it.
struct TensorArray {
    handle: Tensor<Resource>,
    flow: Tensor<f32>,
}

impl Scope<'_> {
    /// Applies `body` to each string of a vector [n] and stacks what it makes, [n, ...`shape`].
    pub fn map(
        &self,
        texts: &Tensor<Text>,
        shape: &[i64],
        body: impl FnOnce(&Scope<'_>, &Tensor<Text>) -> Tensor<f32>,
    ) -> Tensor<f32> {
        let count = self.element(&self.shape(texts), 0);
        let [zero, one] = [("zero", 0), ("one", 1)].map(|(name, number)| self.scalar(name, number));
        let indices = self.range(&zero, &count, &one);
        let input = self.tensor_array(DataType::STRING, &count);
        let filled = self.node("TensorArrayScatterV3").input(&input.handle).input(&indices).input(texts);
        let filled: Tensor<f32> = filled.input(&input.flow).attr("T", DataType::STRING).output();
        let output = self.tensor_array(DataType::FLOAT, &count);

        let frame = self.enter("while");
        let start = frame.scalar("start", 0);
        let count_inside = frame.enter_frame(&count, true);
        let [handle_in, handle_out] = [&input.handle, &output.handle].map(|handle| frame.enter_frame(handle, true));
        let filled = frame.enter_frame(&filled, true);
        let (index_loop, index_merge) = frame.turn(&frame.enter_frame(&start, false));
        let (flow_loop, flow_merge) = frame.turn(&frame.enter_frame(&output.flow, false));

        let goes_on = frame.less(&index_loop, &count_inside);
        let goes_on: Tensor<bool> = frame.node("LoopCond").input(&goes_on).output();
        let (_, index) = frame.switch(&index_loop, &goes_on);
        let (flow_out, flow) = frame.switch(&flow_loop, &goes_on);
        let index = frame.identity(&index);
        let flow = frame.identity(&flow);

        let inside = frame.inside(index.node());
        let read = inside.node("TensorArrayReadV3").input(&handle_in).input(&index).input(&filled);
        let text: Tensor<Text> = read.attr("dtype", DataType::STRING).output();
        let made = body(&inside, &text);
        let written = inside.node("TensorArrayWriteV3").input(&handle_out).input(&index).input(&made).input(&flow);
        let written: Tensor<f32> = written.attr("T", DataType::FLOAT).output();
        let next = inside.add(&index, &inside.scalar("step", 1));
        frame.close(&index_merge, &next);
        frame.close(&flow_merge, &written);

        let done: Tensor<f32> = frame.node("Exit").input(&flow_out).attr("T", DataType::FLOAT).output();
        let stack = self.node("TensorArrayGatherV3").input(&output.handle).input(&indices).input(&done);
        stack.attr("dtype", DataType::FLOAT).attr("element_shape", TensorShapeProto::known(shape)).output()
    }

    fn tensor_array(&self, dtype: DataType, size: &Tensor<i32>) -> TensorArray {
        let node = self.node("TensorArrayV3").input(size).attr("dtype", dtype);
        let node = node.attr("element_shape", TensorShapeProto::unknown()).attr("dynamic_size", false);
        let (handle, flow) = node.attr("clear_after_read", true).attr("tensor_array_name", "").outputs();
        TensorArray { handle, flow }
    }

    /// Brings a value into the loop; a constant one is the same in every turn.
    fn enter_frame<T: Element>(&self, value: &Tensor<T>, constant: bool) -> Tensor<T> {
        let node = self.node("Enter").input(value).attr("T", T::DTYPE).attr("is_constant", constant);
        node.attr("frame_name", self.path.as_str()).attr("parallel_iterations", PARALLEL_ITERATIONS).output()
    }

    /// Where a value comes by in every turn, and the name of the node that still lacks its second input.
    fn turn<T: Element>(&self, first: &Tensor<T>) -> (Tensor<T>, String) {
        let merge = self.node("Merge").input(first).attr("T", T::DTYPE).attr("N", 2i64).add();
        (Tensor::of(merge.clone(), 0), merge)
    }

    fn close<T: Element>(&self, merge: &str, value: &Tensor<T>) {
        let next: Tensor<T> = self.node("NextIteration").input(value).attr("T", T::DTYPE).output();
        self.graph.close(merge, next.input());
    }

    fn identity<T: Element>(&self, value: &Tensor<T>) -> Tensor<T> {
        self.node("Identity").input(value).attr("T", T::DTYPE).output()
    }
}
