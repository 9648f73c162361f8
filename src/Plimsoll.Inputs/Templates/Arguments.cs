using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Templates;

/// <summary>What something is called with.</summary>
readonly struct Arguments(
    string callee, List<object?> positional, List<KeyValuePair<string, object?>> named, Scope scope)
{
    public string Callee { get; } = callee;

    public List<object?> Positional { get; } = positional;

    public List<KeyValuePair<string, object?>> Named { get; } = named;

    public Scope Scope { get; } = scope;

    public int Count => Positional.Count + Named.Count;

    /// <summary>The argument at this place or of this name; the fallback where neither was given.</summary>
    public object? Get(int index, string name, object? fallback = null)
    {
        if (index < Positional.Count)
            return Positional[index];
        foreach (var (key, value) in Named)
        {
            if (key == name)
                return value;
        }
        return fallback;
    }

    public bool Has(int index, string name) =>
        index < Positional.Count || Named.Exists(pair => pair.Key == name);

    public object? Require(int index, string name) =>
        Has(index, name) ? Get(index, name) : throw Python.Bad($"{Callee} needs its argument '{name}'");

    public string Text(int index, string name) => Require(index, name) as string
        ?? throw Python.Bad($"{Callee} needs a text as its argument '{name}'");

    /// <summary>Refuses arguments that would otherwise be passed over in silence.</summary>
    public void AtMost(int positional, params ReadOnlySpan<string> names)
    {
        if (Positional.Count > positional)
            throw Python.Bad($"{Callee} takes at most {positional} arguments here");
        foreach (var (key, _) in Named)
        {
            if (names.IndexOf(key) < 0)
                throw Python.Bad($"{Callee} does not know the argument '{key}'");
        }
    }
}

delegate object? Callable(Arguments arguments);
