// The Rust runtime at work: threads, a hash map (getrandom), a caught panic.
// Prints "hello, rust 28 100 caught".
use std::collections::HashMap;
use std::panic;
use std::thread;

fn main() {
    let threads: Vec<_> = (0..8).map(|i| thread::spawn(move || i)).collect();
    let sum: i32 = threads.into_iter().map(|t| t.join().unwrap()).sum();
    let map: HashMap<i32, String> = (0..100).map(|i| (i, i.to_string())).collect();
    panic::set_hook(Box::new(|_| {}));
    let caught = panic::catch_unwind(|| {
        let v: Vec<i32> = Vec::new();
        v[map_len()]
    });
    println!(
        "hello, rust {} {} {}",
        sum,
        map.len(),
        if caught.is_err() { "caught" } else { "missed" }
    );
}

fn map_len() -> usize {
    std::env::args().count()
}
