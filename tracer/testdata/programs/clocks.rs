// Reads the clock argv[1] times. Prints "done".
use std::time::Instant;

fn main() {
    let n: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut last = Instant::now();
    for _ in 0..n {
        let now = Instant::now();
        assert!(now >= last);
        last = now;
    }
    println!("done");
}
