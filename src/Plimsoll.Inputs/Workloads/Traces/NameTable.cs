using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>Names of a column, numbered from 0 in order of first appearance.</summary>
sealed class NameTable
{
    /// <summary>More names than this are ids of single requests, not of anything they share.</summary>
    const int Most = 1_000_000;

    readonly Dictionary<string, int> _numbers = [];
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _byText;
    readonly List<string> _names = [];

    public NameTable()
    {
        _byText = _numbers.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public IReadOnlyList<string> Names => _names;

    /// <summary>The number of a name; null when there are too many of them.</summary>
    public int? Find(ReadOnlySpan<char> name)
    {
        if (_byText.TryGetValue(name, out var number))
            return number;
        if (_names.Count == Most)
            return null;
        _numbers.Add(name.ToString(), _names.Count);
        _names.Add(name.ToString());
        return _names.Count - 1;
    }
}
