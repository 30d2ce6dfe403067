// Generics, a closure, a trait object and a panic hook's worth of frames above
// the place where it waits.
use std::hint::black_box;
use std::io::Write;

trait Speak {
    fn speak(&self, n: u64) -> u64;
}

struct Cat<T> {
    inside: T,
}

impl<T: Copy + Into<u64>> Speak for Cat<T> {
    #[inline(never)]
    fn speak(&self, n: u64) -> u64 {
        wait_here(n) + self.inside.into()
    }
}

#[inline(never)]
fn wait_here(n: u64) -> u64 {
    std::io::stdout().write_all(b"ready\n").unwrap();
    std::io::stdout().flush().unwrap();
    loop {
        if black_box(n) == 0 {
            return 1;
        }
        std::thread::sleep(std::time::Duration::from_secs(1000));
    }
}

#[inline(never)]
fn apply<F: Fn(u64) -> u64>(f: F, n: u64) -> u64 {
    black_box(f(black_box(n)) + 1)
}

mod inner {
    #[inline(never)]
    pub fn recurse(n: u64, a: &dyn super::Speak) -> u64 {
        if n == 0 {
            super::apply(|x| a.speak(x + 1) + 1, 7)
        } else {
            std::hint::black_box(recurse(n - 1, a) + 1)
        }
    }
}

fn main() {
    let cat = Cat { inside: 3u32 };
    println!("{}", inner::recurse(3, black_box(&cat)));
}
