using System.CommandLine;
using System.Linq;
using Plimsoll.Core;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>
/// Flags that contradict each other, or of which one would be ignored without a word. Each is one line.
/// </summary>
static class BenchConflicts
{
    /// <summary>Never together.</summary>
    static readonly (string One, string[] Others)[] Apart =
    [
        ("--levels", ["--workload", "--dataset-path", "--request-rate", "--stages", "--max-concurrency",
            "--random-input-len", "--random-output-len", "--random-prefix-len", "--random-range-ratio",
            "--sweep"]),
        ("--dataset-path", ["--workload", "--random-input-len", "--random-output-len", "--random-prefix-len",
            "--random-range-ratio", "--tokenizer", "--num-images", "--prompt-salt"]),
        ("--workload", ["--random-input-len", "--random-output-len", "--random-prefix-len",
            "--random-range-ratio"]),
        ("--stages", ["--request-rate", "--sweep", "--find-load-line"]),
        ("--sweep", ["--request-rate", "--find-load-line", "--max-concurrency", "--against",
            "--save-detailed", "--csv", "--parquet", "--llmd-report", "--step-log"]),
        ("--find-load-line", ["--max-concurrency", "--warmup", "--duration", "--num-prompts", "--goodput"]),
        ("--promise", ["--goodput"]),
        ("--burstiness", ["--arrivals"]),
    ];

    /// <summary>The first says nothing without one of the others.</summary>
    static readonly (string One, string[] Needs)[] Together =
    [
        ("--search-budget", ["--find-load-line"]),
        ("--search-precision", ["--find-load-line"]),
        ("--image-size", ["--num-images"]),
        ("--result-dir", ["--save-result", "--save-detailed", "--result-filename"]),
        ("--step-log", ["--save-result", "--save-detailed", "--result-filename", "--json"]),
    ];

    public static void Check(ParseResult parsed)
    {
        foreach (var (one, others) in Apart)
        {
            foreach (var other in others)
            {
                if (IsGiven(parsed, one) && IsGiven(parsed, other))
                    throw new BadInputException($"{one} and {other}: expected one of them");
            }
        }
        foreach (var (one, needs) in Together)
        {
            if (IsGiven(parsed, one) && !needs.Any(need => IsGiven(parsed, need)))
                throw new BadInputException($"{one}: expected {string.Join(" or ", needs)} with it");
        }
        if (IsGiven(parsed, "--num-images") && Value(parsed, "--backend") is not (null or "openai-chat"))
        {
            throw new BadInputException("--num-images and --backend: pictures go into chats; expected "
                + "--backend openai-chat");
        }
        CheckBounded(parsed);
        var closed = Value(parsed, "--request-rate") == "inf";
        foreach (var gaps in new[] { "--burstiness", "--arrivals", "--find-load-line" })
        {
            if (closed && IsGiven(parsed, gaps))
            {
                throw new BadInputException($"--request-rate inf and {gaps}: expected one of them; a closed "
                    + "loop sends when an answer is there");
            }
        }
    }

    /// <summary>Every request at once, for a time: nothing says how many that are.</summary>
    static void CheckBounded(ParseResult parsed)
    {
        string[] bounds =
        [
            "--workload", "--stages", "--sweep", "--levels", "--num-prompts", "--max-concurrency",
        ];
        if (IsGiven(parsed, "--duration") && !bounds.Any(bound => IsGiven(parsed, bound))
            && Value(parsed, "--request-rate") is (null or "inf"))
        {
            throw new BadInputException("--duration: at an infinite rate nothing says how many are under "
                + "way; expected --request-rate, --max-concurrency or --num-prompts with it");
        }
    }

    static bool IsGiven(ParseResult parsed, string name) =>
        Find(parsed, name) is { } option && parsed.GetResult(option) is { Implicit: false };

    static string? Value(ParseResult parsed, string name) =>
        Find(parsed, name) is { } option
            && parsed.GetResult(option) is { Implicit: false, Tokens: [var token, ..] } ? token.Value : null;

    static Option? Find(ParseResult parsed, string name) =>
        parsed.CommandResult.Command.Options.FirstOrDefault(option => option.Name == name);
}
