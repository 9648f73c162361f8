namespace Plimsoll.Inputs.Templates;

/// <summary>
/// What a name or a key that is not there evaluates to: empty, false, and an error to look into.
/// </summary>
sealed class Undefined(string what)
{
    /// <summary>The sentence to fail with: <c>'x' is undefined</c>.</summary>
    public string What { get; } = what;
}
