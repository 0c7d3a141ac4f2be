//! The order in which a tensor's dimensions lie: PyTorch has outputs first, TensorFlow has them last.

use std::borrow::Cow;

use crate::{
    strided::{gather, row_major},
    tensor::Shape,
};

/// How a checkpoint lays out what the graph wants in TensorFlow's order. Elements have four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As the graph wants it.
    AsIs,
    /// [out, in, height, width] for [height, width, in, out].
    Convolution,
    /// [channels, 1, height, width] for [height, width, channels, 1].
    Depthwise,
    /// [out, in] for [in, out].
    Transposed,
}

impl Layout {
    /// For each dimension that the graph wants, the checkpoint's.
    fn axes(self) -> &'static [usize] {
        match self {
            Self::AsIs => &[],
            Self::Convolution => &[2, 3, 1, 0],
            Self::Depthwise => &[2, 3, 0, 1],
            Self::Transposed => &[1, 0],
        }
    }

    /// The checkpoint's shape of what is `wanted` so.
    pub fn shape_there(self, wanted: &Shape) -> Shape {
        let mut there = wanted.clone();
        for (size, axis) in wanted.0.iter().zip(self.axes()) {
            there.0[*axis] = *size;
        }
        there
    }

    /// The checkpoint's elements in the order that the graph wants.
    pub fn arrange<'b>(self, bytes: &'b [u8], wanted: &Shape) -> Cow<'b, [u8]> {
        if self.axes().is_empty() {
            return Cow::Borrowed(bytes);
        }
        let sizes = |shape: &Shape| shape.0.iter().map(|size| *size as usize).collect::<Vec<_>>();
        let there = row_major(&sizes(&self.shape_there(wanted)));
        let strides: Vec<usize> = self.axes().iter().map(|axis| there[*axis]).collect();
        let gathered = gather(bytes.as_chunks::<4>().0, &sizes(wanted), &strides);
        Cow::Owned(gathered.expect("as many elements as the shape has were read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Elements that count the checkpoint's places, as the graph wants them.
    fn arranged(layout: Layout, wanted: &[u64]) -> Vec<u32> {
        let shape = Shape(wanted.to_vec());
        let count = shape.elements().expect("few") as u32;
        let bytes: Vec<u8> = (0..count).flat_map(u32::to_le_bytes).collect();
        let arranged = layout.arrange(&bytes, &shape);
        arranged.as_chunks::<4>().0.iter().map(|element| u32::from_le_bytes(*element)).collect()
    }

    #[test]
    fn elements_come_in_the_order_of_the_graph() {
        assert_eq!(arranged(Layout::AsIs, &[2, 3]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(arranged(Layout::Transposed, &[3, 2]), [0, 3, 1, 4, 2, 5]);
        assert_eq!(arranged(Layout::Depthwise, &[1, 2, 3, 1]), [0, 2, 4, 1, 3, 5]);
        // Two outputs of three inputs, two places each.
        assert_eq!(arranged(Layout::Convolution, &[1, 2, 3, 2]), [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
        assert!(arranged(Layout::Convolution, &[1, 0, 3, 2]).is_empty());
    }

    #[test]
    fn a_checkpoint_has_outputs_first() {
        assert_eq!(Layout::Convolution.shape_there(&[3, 5, 7, 9].into()), [9, 7, 3, 5].into());
        assert_eq!(Layout::Depthwise.shape_there(&[3, 5, 7, 1].into()), [7, 1, 3, 5].into());
        assert_eq!(Layout::Transposed.shape_there(&[1280, 1000].into()), [1000, 1280].into());
        assert_eq!(Layout::AsIs.shape_there(&[4].into()), [4].into());
    }
}
