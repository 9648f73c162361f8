using System.CommandLine;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// <c>plimsoll tune apply tune.yaml</c>: every stage that is not done yet, in order, up to
/// the first that fails.
/// </summary>
sealed class ApplyCommand(TuneStage stage)
{
    readonly Argument<string> _file = new("FILE")
    {
        Description = "The project",
        DefaultValueFactory = _ => "tune.yaml",
    };

    public Command Build()
    {
        var command = new Command(
            "apply", "Runs what a project file asks for and is not done yet.") { _file };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(_file)!, cancellation));
        return command;
    }

    async Task<int> RunAsync(string file, CancellationToken cancellation)
    {
        var project = TuneProject.Read(file);
        // All of it is read before any of it is done.
        foreach (var arguments in project.Everything())
            Parsed(file, arguments, TextWriter.Null);
        var dataset = await StageAsync(file, project.DatasetArguments(), cancellation);
        if (dataset.Code != CommandLine.Done)
            return dataset.Code;
        var run = await StageAsync(file, project.RunArguments(dataset.Hash), cancellation);
        if (run.Code != CommandLine.Done)
            return run.Code;
        foreach (var arguments in project.AfterTraining(run.Hash))
        {
            var (code, _) = await StageAsync(file, arguments, cancellation);
            if (code != CommandLine.Done)
                return code;
        }
        return CommandLine.Done;
    }

    // Stages are the verbs themselves: what apply does can be done by hand, and is the same.
    async Task<(int Code, string Hash)> StageAsync(
        string file, string[] arguments, CancellationToken cancellation)
    {
        stage.Story.WriteLine($"plimsoll: tune {string.Join(' ', arguments)}");
        var said = new StringWriter();
        var code = await Parsed(file, arguments, said).InvokeAsync(new InvocationConfiguration
        {
            Output = said,
            Error = stage.Story,
            EnableDefaultExceptionHandler = false,
        }, cancellation);
        stage.Output.Write(said.ToString());
        return (code, said.ToString().Split('\n')[0].Split(' ').Last());
    }

    ParseResult Parsed(string file, string[] arguments, TextWriter output)
    {
        var parsed = new TuneVerb(output, stage.Story).Build().Parse(
            arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        return UsageError.OfAny(parsed) is { } error
            ? throw new BadInputException($"{file}: {error}") : parsed;
    }
}
