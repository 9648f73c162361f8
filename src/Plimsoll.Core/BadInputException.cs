using System;

namespace Plimsoll.Core;

/// <summary>
/// What the user gave cannot be used. The message is one line: what, where, what was expected. The binary
/// prints it to stderr and exits with 2.
/// </summary>
public sealed class BadInputException : Exception
{
    public BadInputException(string message)
        : base(message)
    {
    }
}
