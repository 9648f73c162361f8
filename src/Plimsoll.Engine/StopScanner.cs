using System;
using System.Collections.Generic;
using System.Text;

namespace Plimsoll.Engine;

/// <summary>
/// Ends an answer at the first of its stop texts. Text that may be the beginning of one is held back until
/// it is known, so a reader never sees part of a stop text.
/// </summary>
public sealed class StopScanner(IReadOnlyList<string> stops)
{
    readonly StringBuilder _held = new();

    /// <summary>Whether there is anything to look for; without, pieces pass untouched.</summary>
    public bool IsIdle => stops.Count == 0;

    /// <summary>Takes a piece of text; gives what may be shown now, and whether a stop text was
    /// met.</summary>
    public (string Text, bool Stopped) Add(string piece)
    {
        if (IsIdle)
            return (piece, false);
        _held.Append(piece);
        var text = _held.ToString();
        var stop = FirstStop(text);
        if (stop >= 0)
        {
            _held.Clear();
            return (text[..stop], true);
        }
        var keep = LongestBeginning(text);
        _held.Clear().Append(text, text.Length - keep, keep);
        return (text[..^keep], false);
    }

    /// <summary>What was held back when the answer ends by itself.</summary>
    public string Flush()
    {
        var text = _held.ToString();
        _held.Clear();
        return text;
    }

    /// <summary>
    /// Where the stop text begins that is complete first, the longest of several complete at once, so that
    /// the answer is the same however its text arrives in pieces; -1 when there is none.
    /// </summary>
    int FirstStop(string text)
    {
        var (first, firstEnd) = (-1, int.MaxValue);
        foreach (var stop in stops)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (at + stop.Length, at).CompareTo((firstEnd, first)) < 0)
                (first, firstEnd) = (at, at + stop.Length);
        }
        return first;
    }

    /// <summary>Length of the longest end of the text that begins some stop text.</summary>
    int LongestBeginning(string text)
    {
        var longest = 0;
        foreach (var stop in stops)
        {
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                    longest = length;
            }
        }
        return longest;
    }
}
