//! The ops that models are made of, with the attributes they had in TensorFlow 1.5 and no younger one.
//! An op whose result can be of one element type only says so in its own type.

use super::{Element, Literal, Resource, Scope, Tensor, Text};
use crate::{
    proto::tensor::{TensorProto, TensorShapeProto},
    tensor::DataType,
};

/// What a convolution or a pool does at the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Zeros around it: the size is divided by the stride.
    Same,
    /// Only whole windows.
    Valid,
}

impl Padding {
    fn name(self) -> &'static str {
        match self {
            Padding::Same => "SAME",
            Padding::Valid => "VALID",
        }
    }
}

const NHWC: &str = "NHWC";

impl Scope<'_> {
    pub fn constant<T: Literal>(&self, name: &str, shape: &[i64], values: Vec<T>) -> Tensor<T> {
        let mut tensor = TensorProto { dtype: T::DTYPE.0, ..TensorProto::default() };
        tensor.tensor_shape = Some(TensorShapeProto::known(shape));
        T::fill(values, &mut tensor);
        self.node("Const").named(name).attr("dtype", T::DTYPE).attr("value", tensor).anchored().output()
    }

    pub fn scalar<T: Literal>(&self, name: &str, value: T) -> Tensor<T> {
        self.constant(name, &[], vec![value])
    }

    pub fn constant_text(&self, name: &str, shape: &[i64], values: Vec<Vec<u8>>) -> Tensor<Text> {
        let tensor_shape = Some(TensorShapeProto::known(shape));
        let tensor = TensorProto { dtype: DataType::STRING.0, tensor_shape, string_val: values, ..Default::default() };
        self.node("Const").named(name).attr("dtype", DataType::STRING).attr("value", tensor).anchored().output()
    }

    pub fn placeholder<T: Element>(&self, name: &str, shape: TensorShapeProto) -> Tensor<T> {
        self.node("Placeholder").named(name).attr("dtype", T::DTYPE).attr("shape", shape).output()
    }

    /// The bytes feature `key` of each serialized tf.Example; one without it is an error.
    pub fn parse_example(&self, serialized: &Tensor<Text>, key: &str) -> Tensor<Text> {
        let scope = self.enter("ParseExample");
        let names = scope.constant_text("names", &[0], Vec::new());
        let keys = scope.constant_text("dense_keys_0", &[], vec![key.as_bytes().to_vec()]);
        // An empty default means that there is none.
        let default = scope.constant_text("dense_defaults_0", &[0], Vec::new());
        let node = scope.node("ParseExample").input(serialized).input(&names).input(&keys).input(&default);
        let node = node.attr("Nsparse", 0i64).attr("Ndense", 1i64).attr("sparse_types", Vec::<DataType>::new());
        node.attr("Tdense", vec![DataType::STRING]).attr("dense_shapes", vec![TensorShapeProto::default()]).output()
    }

    pub fn shape<T: Element>(&self, tensor: &Tensor<T>) -> Tensor<i32> {
        self.node("Shape").input(tensor).attr("T", T::DTYPE).attr("out_type", DataType::INT32).output()
    }

    /// One element of a vector.
    pub fn element(&self, vector: &Tensor<i32>, index: i32) -> Tensor<i32> {
        let scope = self.enter(&format!("element_{index}"));
        let begin = scope.constant("begin", &[1], vec![index]);
        let end = scope.constant("end", &[1], vec![index + 1]);
        let strides = scope.constant("strides", &[1], vec![1]);
        let node = self.node("StridedSlice").input(vector).input(&begin).input(&end).input(&strides);
        let node = node.attr("T", DataType::INT32).attr("Index", DataType::INT32).attr("shrink_axis_mask", 1i64);
        let masks = ["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask"];
        masks.into_iter().fold(node, |node, mask| node.attr(mask, 0i64)).output()
    }

    pub fn range(&self, start: &Tensor<i32>, limit: &Tensor<i32>, delta: &Tensor<i32>) -> Tensor<i32> {
        self.node("Range").input(start).input(limit).input(delta).attr("Tidx", DataType::INT32).output()
    }

    pub fn cast<A: Element, B: Element>(&self, tensor: &Tensor<A>) -> Tensor<B> {
        self.node("Cast").input(tensor).attr("SrcT", A::DTYPE).attr("DstT", B::DTYPE).output()
    }

    pub fn add<T: Element>(&self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        self.binary("Add", a, b)
    }

    pub fn sub<T: Element>(&self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        self.binary("Sub", a, b)
    }

    pub fn mul<T: Element>(&self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        self.binary("Mul", a, b)
    }

    pub fn minimum(&self, a: &Tensor<i32>, b: &Tensor<i32>) -> Tensor<i32> {
        self.binary("Minimum", a, b)
    }

    pub fn maximum(&self, a: &Tensor<i32>, b: &Tensor<i32>) -> Tensor<i32> {
        self.binary("Maximum", a, b)
    }

    /// Rounds down.
    pub fn floor_div(&self, a: &Tensor<i32>, b: &Tensor<i32>) -> Tensor<i32> {
        self.binary("FloorDiv", a, b)
    }

    pub fn less(&self, a: &Tensor<i32>, b: &Tensor<i32>) -> Tensor<bool> {
        self.node("Less").input(a).input(b).attr("T", DataType::INT32).output()
    }

    fn binary<T: Element>(&self, op: &'static str, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        self.node(op).input(a).input(b).attr("T", T::DTYPE).output()
    }

    /// Whether a string begins with `start`, which is not empty.
    pub fn starts_with(&self, text: &Tensor<Text>, start: &[u8]) -> Tensor<bool> {
        let position = self.scalar("position", 0);
        let length = self.scalar("length", start.len() as i32);
        let found = self.node("Substr").input(text).input(&position).input(&length).attr("T", DataType::INT32);
        let expected = self.constant_text("expected", &[], vec![start.to_vec()]);
        self.node("Equal").input(&found.output::<Text>()).input(&expected).attr("T", DataType::STRING).output()
    }

    /// Where `condition` is false, the first output has the value; where it is true, the second.
    pub fn switch<T: Element>(&self, value: &Tensor<T>, condition: &Tensor<bool>) -> (Tensor<T>, Tensor<T>) {
        self.node("Switch").input(value).input(condition).attr("T", T::DTYPE).outputs()
    }

    /// Whichever of the two has a value.
    pub fn merge<T: Element>(&self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        self.node("Merge").input(a).input(b).attr("T", T::DTYPE).attr("N", 2i64).output()
    }

    /// JPEG bytes to [height, width, 3].
    pub fn decode_jpeg(&self, contents: &Tensor<Text>) -> Tensor<u8> {
        let node = self.node("DecodeJpeg").input(contents).attr("channels", 3i64).attr("ratio", 1i64);
        let node = node.attr("fancy_upscaling", true).attr("try_recover_truncated", false);
        node.attr("acceptable_fraction", 1f32).attr("dct_method", "").output()
    }

    /// PNG bytes to [height, width, 3].
    pub fn decode_png(&self, contents: &Tensor<Text>) -> Tensor<u8> {
        let node = self.node("DecodePng").input(contents).attr("channels", 3i64);
        node.attr("dtype", DataType::UINT8).output()
    }

    /// Scalars to a vector.
    pub fn pack(&self, scalars: [&Tensor<i32>; 3]) -> Tensor<i32> {
        self.node("Pack").inputs(scalars).attr("N", 3i64).attr("T", DataType::INT32).attr("axis", 0i64).output()
    }

    pub fn slice<T: Element>(&self, tensor: &Tensor<T>, begin: &Tensor<i32>, size: &Tensor<i32>) -> Tensor<T> {
        let node = self.node("Slice").input(tensor).input(begin).input(size);
        node.attr("T", T::DTYPE).attr("Index", DataType::INT32).output()
    }

    /// One image to a batch of one, resized by bilinear sampling from the upper left corner (TensorFlow 1's way), and back.
    pub fn resize_bilinear(&self, image: &Tensor<f32>, height: i32, width: i32) -> Tensor<f32> {
        self.resize("ResizeBilinear", image, height, width)
    }

    /// The same by bicubic sampling, which may overshoot.
    pub fn resize_bicubic(&self, image: &Tensor<f32>, height: i32, width: i32) -> Tensor<f32> {
        self.resize("ResizeBicubic", image, height, width)
    }

    fn resize(&self, op: &'static str, image: &Tensor<f32>, height: i32, width: i32) -> Tensor<f32> {
        let axis = self.scalar("axis", 0);
        let batch = self.node("ExpandDims").input(image).input(&axis).attr("T", DataType::FLOAT);
        let batch: Tensor<f32> = batch.attr("Tdim", DataType::INT32).output();
        let size = self.constant("size", &[2], vec![height, width]);
        let resized = self.node(op).input(&batch).input(&size).attr("T", DataType::FLOAT);
        let resized: Tensor<f32> = resized.attr("align_corners", false).output();
        self.node("Squeeze").input(&resized).attr("T", DataType::FLOAT).attr("squeeze_dims", &[0i64][..]).output()
    }

    pub fn conv2d(&self, x: &Tensor<f32>, filter: &Tensor<f32>, stride: i64, padding: Padding) -> Tensor<f32> {
        let node = self.node("Conv2D").input(x).input(filter).attr("T", DataType::FLOAT);
        let node = node.attr("strides", &[1, stride, stride, 1][..]).attr("padding", padding.name());
        node.attr("data_format", NHWC).attr("use_cudnn_on_gpu", true).output()
    }

    /// Each channel by itself, with a filter [height, width, channels, 1]. Its format is left to be what it is by default:
    /// the attribute came later than the op.
    pub fn depthwise_conv2d(
        &self,
        x: &Tensor<f32>,
        filter: &Tensor<f32>,
        stride: i64,
        padding: Padding,
    ) -> Tensor<f32> {
        let node = self.node("DepthwiseConv2dNative").input(x).input(filter).attr("T", DataType::FLOAT);
        node.attr("strides", &[1, stride, stride, 1][..]).attr("padding", padding.name()).output()
    }

    /// The mean over height and width of [n, height, width, depth].
    pub fn mean_of_places(&self, x: &Tensor<f32>) -> Tensor<f32> {
        let axes = self.constant("Mean/reduction_indices", &[2], vec![1, 2]);
        let node = self.node("Mean").input(x).input(&axes).attr("T", DataType::FLOAT);
        node.attr("Tidx", DataType::INT32).attr("keep_dims", false).output()
    }

    pub fn max_pool(&self, x: &Tensor<f32>, window: i64, stride: i64, padding: Padding) -> Tensor<f32> {
        self.pool("MaxPool", x, window, stride, padding)
    }

    /// Zeros of the padding are not counted.
    pub fn avg_pool(&self, x: &Tensor<f32>, window: i64, stride: i64, padding: Padding) -> Tensor<f32> {
        self.pool("AvgPool", x, window, stride, padding)
    }

    fn pool(&self, op: &'static str, x: &Tensor<f32>, window: i64, stride: i64, padding: Padding) -> Tensor<f32> {
        let node = self.node(op).input(x).attr("T", DataType::FLOAT).attr("ksize", &[1, window, window, 1][..]);
        let node = node.attr("strides", &[1, stride, stride, 1][..]).attr("padding", padding.name());
        node.attr("data_format", NHWC).output()
    }

    pub fn relu(&self, x: &Tensor<f32>) -> Tensor<f32> {
        self.node("Relu").input(x).attr("T", DataType::FLOAT).output()
    }

    /// Between 0 and 6.
    pub fn relu6(&self, x: &Tensor<f32>) -> Tensor<f32> {
        self.node("Relu6").input(x).attr("T", DataType::FLOAT).output()
    }

    pub fn rsqrt(&self, x: &Tensor<f32>) -> Tensor<f32> {
        self.node("Rsqrt").input(x).attr("T", DataType::FLOAT).output()
    }

    pub fn softmax(&self, x: &Tensor<f32>) -> Tensor<f32> {
        self.node("Softmax").input(x).attr("T", DataType::FLOAT).output()
    }

    /// Side by side in the last dimension of four.
    pub fn concat_depth(&self, parts: &[&Tensor<f32>]) -> Tensor<f32> {
        let axis = self.scalar("concat/axis", 3);
        let node = self.node("ConcatV2").named("concat").inputs(parts.iter().copied()).input(&axis);
        node.attr("N", parts.len() as i64).attr("T", DataType::FLOAT).attr("Tidx", DataType::INT32).output()
    }

    pub fn reshape(&self, x: &Tensor<f32>, shape: &[i32]) -> Tensor<f32> {
        let shape = self.constant("Reshape/shape", &[shape.len() as i64], shape.to_vec());
        let node = self.node("Reshape").input(x).input(&shape).attr("T", DataType::FLOAT);
        node.attr("Tshape", DataType::INT32).output()
    }

    pub fn mat_mul(&self, a: &Tensor<f32>, b: &Tensor<f32>) -> Tensor<f32> {
        let node = self.node("MatMul").input(a).input(b).attr("T", DataType::FLOAT);
        node.attr("transpose_a", false).attr("transpose_b", false).output()
    }

    pub fn bias_add(&self, x: &Tensor<f32>, bias: &Tensor<f32>) -> Tensor<f32> {
        self.node("BiasAdd").input(x).input(bias).attr("T", DataType::FLOAT).attr("data_format", NHWC).output()
    }

    /// The largest values of each row and where they stand, largest first.
    pub fn top_k(&self, x: &Tensor<f32>, k: i32) -> (Tensor<f32>, Tensor<i32>) {
        let k = self.scalar("TopKV2/k", k);
        self.node("TopKV2").input(x).input(&k).attr("T", DataType::FLOAT).attr("sorted", true).outputs()
    }

    /// A table from numbers to strings, and the node that fills it with 0, 1, 2, ...
    pub fn label_table(&self, labels: Vec<Vec<u8>>) -> (Tensor<Resource>, String) {
        let count = labels.len();
        let table = self.node("HashTableV2").named("hash_table").attr("key_dtype", DataType::INT64);
        let table = table.attr("value_dtype", DataType::STRING).attr("container", "").attr("shared_name", "");
        let table: Tensor<Resource> = table.attr("use_node_name_sharing", false).output();
        let scope = self.enter("hash_table");
        let ends = [("start", 0), ("limit", count as i32), ("delta", 1)].map(|(name, n)| scope.scalar(name, n));
        let keys: Tensor<i64> = scope.cast(&scope.range(&ends[0], &ends[1], &ends[2]));
        let values = scope.constant_text("labels", &[count as i64], labels);
        let fill = scope.node("InitializeTableV2").named("table_init").input(&table).input(&keys).input(&values);
        let fill = fill.attr("Tkey", DataType::INT64).attr("Tval", DataType::STRING).add();
        (table, fill)
    }

    pub fn look_up(&self, table: &Tensor<Resource>, keys: &Tensor<i64>, default: &str) -> Tensor<Text> {
        let default = self.constant_text("default_label", &[], vec![default.as_bytes().to_vec()]);
        let node = self.node("LookupTableFindV2").named("hash_table_Lookup").input(table).input(keys).input(&default);
        node.attr("Tin", DataType::INT64).attr("Tout", DataType::STRING).output()
    }
}
