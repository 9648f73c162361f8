using System;
using System.CommandLine;
using System.IO;
using Plimsoll.Cli.Verbs;
using Plimsoll.Core;

namespace Plimsoll.Cli;

/// <summary>
/// The one binary: stdout is the result, stderr the story. Exit code 0 means done, 1 that the promise cannot
/// be kept or a check failed, 2 bad usage or bad input.
/// </summary>
public static class CommandLine
{
    /// <summary>Of this binary.</summary>
    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetName().Version?.ToString(3) ?? "0";

    public const int Done = 0;
    public const int Failed = 1;
    public const int BadInput = 2;

    const string Introduction = """
        plimsoll: the load line for model serving. What does a token cost at a promised latency?

          plimsoll account                 cost of a token on 70B / H100 / chat, batch and interactive
          plimsoll account --model M --gpu G --workload NAME|FILE --promise "ttft p95 500ms"
          plimsoll simulate --replicas 4   what a fleet would have done: latency, throughput, preemptions
          plimsoll trace describe FILE     what is in a request trace; also fit, generate
          plimsoll catalogue models        models, accelerators, prices, workloads that are built in
          plimsoll calibrate FILE          step times fitted to your own engine; validate: against public measurements

        Every verb takes --help; most take --json. Nothing is sent anywhere.
        """;

    public static int Run(string[] args, TextWriter output, TextWriter story)
    {
        if (args.Length == 0)
        {
            output.WriteLine(Introduction);
            return Done;
        }
        try
        {
            var parsed = Root(output, story).Parse(args);
            if (parsed.Errors.Count > 0)
            {
                story.WriteLine($"plimsoll: {UsageError.Of(parsed)}");
                return BadInput;
            }
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = output,
                Error = story,
                EnableDefaultExceptionHandler = false,
            });
        }
        catch (BadInputException bad)
        {
            story.WriteLine($"plimsoll: {bad.Say(Flags.Of)}");
            return BadInput;
        }
        catch (AggregateException several) when (several.Flatten().InnerExceptions[0]
            is BadInputException bad)
        {
            // Simulations that run in parallel find the same fault at the same time.
            story.WriteLine($"plimsoll: {bad.Say(Flags.Of)}");
            return BadInput;
        }
    }

    /// <summary>All verbs; also what the CLI reference and the completions are generated from.</summary>
    public static RootCommand Root(TextWriter output, TextWriter story)
    {
        var root =
            new RootCommand("The load line for model serving: what a token costs at a promised latency.")
        {
            new AccountVerb(output, story).Build(),
            new SimulateVerb(output, story).Build(),
            new CalibrateVerb(output, story).Build(),
            new TraceVerb(output, story).Build(),
            new CatalogueVerb(output).Build(),
            new ValidateVerb(output, story).Build(),
            new McpVerb(story).Build(),
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
