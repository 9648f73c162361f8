using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Cli.Verbs;

/// <summary>Speculation whose length the policy <c>slack</c> chooses step by step.</summary>
sealed class DraftOptions
{
    const int Most = 32;

    readonly Option<string?> _acceptance = new("--draft-acceptance")
    {
        Description = "Policy slack: choose drafts step by step, each accepted with such a probability after "
            + "those before it: 0.72,0.6,0.5 by position, the last for all beyond, or one mean 0.7; beside "
            + "every fixed number [default: no drafts]",
    };

    readonly Option<int> _most = new("--max-drafts")
    {
        Description = "Most drafts of a sequence in one step",
        DefaultValueFactory = _ => 6,
    };

    readonly Option<double?> _cost = new("--draft-us")
    {
        Description = "Microseconds to draft one token for a batch of any size "
            + "[default: a layer and the LM head of the model]",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _acceptance, _most, _cost })
            command.Add(option);
    }

    /// <summary>Whether drafts are asked for.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_acceptance) is not null;

    /// <summary>The engine with the drafts that are asked for.</summary>
    public SimulatedEngine Apply(ParseResult parsed, SimulatedEngine engine)
    {
        if (parsed.GetValue(_acceptance) is not { } text)
        {
            parsed.RefuseGiven($": expected {_acceptance.Name} with it", _most, _cost);
            return engine;
        }
        if (engine.Limits.Policy.Slack is null)
        {
            throw new BadInputException($"{_acceptance.Name}: {engine.Limits.Policy.Name} chooses no drafts; "
                + $"expected --policy {SchedulingPolicy.InSlack.Name}, or --num-speculative-tokens");
        }
        if (engine.Deployment.Engine.Speculation is not null)
        {
            throw new BadInputException(
                $"{_acceptance.Name} with --num-speculative-tokens: expected one of them");
        }
        var most = parsed.GetValue(_most);
        if (most is < 1 or > Most)
            throw new BadInputException($"{_most.Name} {most}: expected 1 to {Most}");
        var (tokenNs, sequenceNs) = DraftStudy.LightHead(engine);
        if (parsed.GetValue(_cost) is { } us)
        {
            (tokenNs, sequenceNs) = us is >= 0 and <= 1e6
                ? (1000 * us, 0)
                : throw new BadInputException($"{_cost.Name} {us}: expected 0 to 1000000");
        }
        return DraftStudy.With(engine, new DraftSpec(most, Probabilities(text), tokenNs, sequenceNs));
    }

    List<double> Probabilities(string text)
    {
        var probabilities = new List<double>();
        foreach (var part in text.Split(','))
        {
            if (!double.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                out var probability) || probability is not (>= 0 and <= 1) || probabilities.Count == Most)
            {
                throw new BadInputException(
                    $"{_acceptance.Name} {text}: expected up to {Most} probabilities of 0 to 1 and commas");
            }
            probabilities.Add(probability);
        }
        return probabilities;
    }
}
