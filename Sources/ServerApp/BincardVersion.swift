/// What this build calls itself.
package enum BincardVersion {
    package static let current = "0.1.0"
}
