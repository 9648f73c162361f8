using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Templates;

/// <summary>What <c>namespace()</c> makes: the one value whose parts a template may change.</summary>
sealed class Namespace
{
    public Dictionary<string, object?> Values { get; } = new(StringComparer.Ordinal);
}
