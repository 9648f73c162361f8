using System;
using System.Collections.Generic;

namespace Plimsoll.Engine.Sampling;

/// <summary>
/// DRY: a token that would go on with a run of tokens that stood in the text before loses the more the longer
/// the run is: multiplier · base^(length − allowed).
/// </summary>
sealed class Repetitions
{
    const int LongestRun = 64;
    const int Window = 4096;

    readonly SamplingOptions _options;
    readonly List<int> _tokens = [];
    readonly Dictionary<int, int> _longest = [];

    public Repetitions(SamplingOptions options, ReadOnlySpan<int> prompt)
    {
        _options = options;
        _tokens.AddRange(prompt.Length > Window ? prompt[^Window..] : prompt);
    }

    public void Add(int token) => _tokens.Add(token);

    public void Penalise(Span<float> logits)
    {
        _longest.Clear();
        var end = _tokens.Count - 1;
        for (var at = Math.Max(0, end - Window); at < end; at++)
        {
            var run = 0;
            while (run < LongestRun && at - run >= 0 && _tokens[at - run] == _tokens[end - run])
                run++;
            if (run >= _options.DryAllowedLength && run > _longest.GetValueOrDefault(_tokens[at + 1]))
                _longest[_tokens[at + 1]] = run;
        }
        foreach (var (token, run) in _longest)
        {
            logits[token] -= _options.DryMultiplier
                * MathF.Pow(_options.DryBase, run - _options.DryAllowedLength);
        }
    }
}
