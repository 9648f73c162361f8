using System.CommandLine;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
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
        var dataset = await StageAsync(project.DatasetArguments(), cancellation);
        if (dataset.Code != CommandLine.Done)
            return dataset.Code;
        var run = await StageAsync(project.RunArguments(dataset.Hash), cancellation);
        if (run.Code != CommandLine.Done)
            return run.Code;
        foreach (var arguments in project.AfterTraining(run.Hash))
        {
            var (code, _) = await StageAsync(arguments, cancellation);
            if (code != CommandLine.Done)
                return code;
        }
        return CommandLine.Done;
    }

    // Stages are the verbs themselves: what apply does can be done by hand, and is the same.
    async Task<(int Code, string Hash)> StageAsync(string[] arguments, CancellationToken cancellation)
    {
        stage.Story.WriteLine($"plimsoll: tune {string.Join(' ', arguments)}");
        var said = new StringWriter();
        var inner = new TuneVerb(said, stage.Story).Build();
        var code = await inner.Parse(arguments).InvokeAsync(new InvocationConfiguration
        {
            Output = said,
            Error = stage.Story,
            EnableDefaultExceptionHandler = false,
        }, cancellation);
        stage.Output.Write(said.ToString());
        return (code, said.ToString().Split('\n')[0].Split(' ').Last());
    }
}
