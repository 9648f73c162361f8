using System;
using System.CommandLine;
using System.IO;
using System.Reflection;
using Plimsoll.Cli.Terminal;
using Plimsoll.Cli.Verbs;
using Plimsoll.Cli.Verbs.Bench;
using Plimsoll.Cli.Verbs.Compare;
using Plimsoll.Cli.Verbs.Plan;
using Plimsoll.Cli.Verbs.Tune;
using Plimsoll.Core;

namespace Plimsoll.Cli;

/// <summary>
/// The one binary: stdout is the result, stderr the story. Exit code 0 means done, 1 that the promise cannot
/// be kept or a check failed, 2 bad usage, bad input or a file that cannot be read or written, 3 a defect.
/// </summary>
public static class CommandLine
{
    /// <summary>Of this binary.</summary>
    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>The version and the commit that it was built from, where one is known.</summary>
    public static string VersionAndCommit { get; } = typeof(CommandLine).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion is { } text
        && text.IndexOf('+') is > 0 and var plus && text.Length > plus + 8
        ? $"{Version}, commit {text.Substring(plus + 1, 8)}" : Version;

    public const int Done = 0;
    public const int Failed = 1;
    public const int BadInput = 2;
    public const int Defect = 3;

    const string Introduction = """
        plimsoll: the load line for model serving. What does a token cost at a promised latency?

          plimsoll account                 cost of a token on 70B / H100 / chat, batch and interactive
          plimsoll account --model M --gpu G --workload NAME|FILE --promise "ttft p95 500ms"
          plimsoll simulate --replicas 4   what a fleet would have done: latency, throughput, preemptions
          plimsoll trace describe FILE     what is in a request trace; also fit, generate
          plimsoll catalogue models        models, accelerators, prices, workloads that are built in
          plimsoll tune apply tune.yaml    a narrow task moved to a small tuned model: data, training, gates, release
          plimsoll calibrate FILE          step times fitted to your own engine; validate: against public measurements
        Every verb takes --help; most take --json. Nothing is sent anywhere.
        """;

    /// <summary>Runs one command line; never throws, whatever becomes of the two writers.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter story)
    {
        output = new PlainWriter(output);
        story = new PlainWriter(story);
        var (code, line) = Try(args, output, story);
        try
        {
            if (line is not null)
                story.WriteLine(line);
            story.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Nobody listens: the exit code says it alone.
        }
        return code;
    }

    static (int Code, string? Line) Try(string[] args, TextWriter output, TextWriter story)
    {
        try
        {
            var code = Invoke(args, output, story);
            output.Flush();
            return (code, null);
        }
        catch (AggregateException several)
        {
            // Simulations that run in parallel find the same fault at the same time.
            return Fault(several.Flatten().InnerExceptions[0]);
        }
        catch (Exception e)
        {
            return Fault(e);
        }
    }

    static int Invoke(string[] args, TextWriter output, TextWriter story)
    {
        if (args.Length == 0)
        {
            output.WriteLine(Introduction);
            return Done;
        }
        // A word that begins with @ is a name like any other, and no file of more words.
        var parsed = Root(output, story).Parse(
            args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (UsageError.OfAny(parsed) is { } error)
            throw new BadInputException(error);
        return parsed.Invoke(new InvocationConfiguration
        {
            Output = output,
            Error = story,
            EnableDefaultExceptionHandler = false,
        });
    }

    static (int Code, string Line) Fault(Exception e) => e switch
    {
        BadInputException bad => (BadInput, $"plimsoll: {OneLine(bad.Say(Flags.Of))}"),
        IOException or UnauthorizedAccessException =>
            (BadInput, $"plimsoll: reading or writing failed ({OneLine(e.Message)})"),
        OutOfMemoryException =>
            (BadInput,
                "plimsoll: out of memory; expected fewer --requests, a lower --rate or a smaller file"),
        _ => (Defect, $"plimsoll {Version}: a defect, please report this line and the command: "
            + OneLine($"{e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n')[0].Trim()}")),
    };

    static string OneLine(string text) => text.ReplaceLineEndings(" ").TrimEnd('.', ' ');

    /// <summary>All verbs; also what the CLI reference and the completions are generated from.</summary>
    public static RootCommand Root(TextWriter output, TextWriter story)
    {
        var root =
            new RootCommand("The load line for model serving: what a token costs at a promised latency.")
        {
            new AccountVerb(output, story).Build(),
            new PlanVerb(output, story).Build(),
            new CompareVerb(output, story).Build(),
            new ClaimsVerb(output, story).Build(),
            new SimulateVerb(output, story).Build(),
            new ServeVerb(output, story).Build(),
            new LedgerVerb(output, story).Build(),
            new ReplayVerb(output).Build(),
            new TuneVerb(output, story).Build(),
            new CalibrateVerb(output, story).Build(),
            new TraceVerb(output, story).Build(),
            new CatalogueVerb(output).Build(),
            new ValidateVerb(output, story).Build(),
            new McpVerb(story).Build(),
            new BenchVerb(output, story).Build(),
            new CompletionVerb(output).Build(),
        };
        foreach (var option in root.Options)
        {
            // What another platform calls help is noise among the completions.
            foreach (var alias in new[] { "/?", "/h", "-?" })
                option.Aliases.Remove(alias);
        }
        return root;
    }
}
