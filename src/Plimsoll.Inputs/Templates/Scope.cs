using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Templates;

/// <summary>Names and their values; a name that is not here is looked up outside.</summary>
sealed class Scope(Scope? outside, Rendering rendering)
{
    readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    public Rendering Rendering { get; } = rendering;

    public Scope Inside() => new(this, Rendering);

    public object? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outside)
        {
            if (scope._values.TryGetValue(name, out var value))
                return value;
        }
        return new Undefined($"'{name}' is undefined");
    }

    public void Set(string name, object? value) => _values[name] = value;

    Scope? Outside => outside;
}
