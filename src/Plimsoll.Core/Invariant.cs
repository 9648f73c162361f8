using System;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Plimsoll.Core;

/// <summary>
/// What Core believes, checked always: a broken belief stops the run instead of bending a number.
/// </summary>
static class Invariant
{
    public static void Holds([DoesNotReturnIf(false)] bool condition, string belief)
    {
        if (!condition)
            Fail(belief);
    }

    [DoesNotReturn]
    [StackTraceHidden]
    static void Fail(string belief) =>
        throw new InvalidOperationException("Invariant broken: " + belief + ".");
}
