//! Draws a small table as lines: a title, columns by their width, no frame.
//! The cells come ready; nothing is computed here.

use comfy_table::{ContentArrangement, Table, presets};

use super::sentence::clean;

/// The table as lines, wrapped inside its cells to fit a width if there is one.
pub fn draw(title: &str, headers: &[String], rows: &[Vec<String>], width: Option<u16>) -> Vec<String> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(headers.iter().map(|cell| clean(cell)));
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)));
    }
    if let Some(width) = width {
        // One column is taken by the indentation below.
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.saturating_sub(1));
    }
    let mut lines = vec![clean(title)];
    lines.extend(table.lines().map(|line| format!(" {}", line.trim_end())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn columns_line_up() {
        let rows = [cells(&["cpu-standard", "8m41s"]), cells(&["cpu-optimized", "9m12s"])];
        let expected = ["builds", "  variant        time", "  cpu-standard   8m41s", "  cpu-optimized  9m12s"];
        assert_eq!(draw("builds", &cells(&["variant", "time"]), &rows, None), expected);
    }

    #[test]
    fn narrow_terminal_wraps_inside_cells() {
        let rows = [cells(&["cpu-optimized", "copts changed because somebody added one"])];
        let drawn = draw("why", &cells(&["variant", "reason"]), &rows, Some(40));
        assert!(drawn.len() > 3 && drawn.iter().all(|line| line.chars().count() <= 40), "{drawn:#?}");
    }
}
