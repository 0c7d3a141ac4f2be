//! Elements taken one by one in another order than that in which they lie.

/// The elements of a view, row-major: `sizes` are its dimensions, `strides` how many elements further each dimension's
/// next one lies. Of a view that goes beyond `elements` nothing is given.
pub fn gather<const N: usize>(elements: &[[u8; N]], sizes: &[usize], strides: &[usize]) -> Option<Vec<u8>> {
    let (Some((last, outer)), Some((step, outer_steps))) = (sizes.split_last(), strides.split_last()) else {
        return elements.first().map(|only| only.to_vec());
    };
    if sizes.contains(&0) {
        return Some(Vec::new());
    }
    let furthest: usize = sizes.iter().zip(strides).map(|(size, stride)| (size - 1) * stride).sum();
    if furthest >= elements.len() {
        return None;
    }
    let mut gathered = Vec::with_capacity(sizes.iter().product());
    let mut position = vec![0; outer.len()];
    for _ in 0..outer.iter().product() {
        let start: usize = position.iter().zip(outer_steps).map(|(at, step)| at * step).sum();
        gathered.extend(elements[start..].iter().step_by((*step).max(1)).take(*last));
        for (at, size) in position.iter_mut().zip(outer).rev() {
            *at += 1;
            if *at < *size {
                break;
            }
            *at = 0;
        }
    }
    Some(gathered.into_flattened())
}

/// Strides of elements that lie row-major.
pub fn row_major(sizes: &[usize]) -> Vec<usize> {
    (0..sizes.len()).map(|axis| sizes[axis + 1..].iter().product()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_read_row_by_row() {
        let elements = [0u8, 1, 2, 3, 4, 5].map(|value| [value]);
        let view = |sizes: &[usize], strides: &[usize]| gather(&elements, sizes, strides);
        assert_eq!(view(&[2, 3], &row_major(&[2, 3])), Some(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(view(&[3, 2], &[1, 3]), Some(vec![0, 3, 1, 4, 2, 5]));
        assert_eq!(view(&[], &[]), Some(vec![0]));
        assert_eq!(view(&[2, 0], &[9, 9]), Some(vec![]));
        assert_eq!(view(&[2, 3], &[4, 1]), None, "beyond the end");
    }
}
