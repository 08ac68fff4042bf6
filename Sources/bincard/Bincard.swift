import ArgumentParser
@main struct Bincard: ParsableCommand { func run() { print("bincard") } }
