//! Migrations are bundled into the program: a new one makes it build again.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
