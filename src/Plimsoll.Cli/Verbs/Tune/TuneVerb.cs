using System.CommandLine;
using System.IO;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// <c>plimsoll tune</c>: from a task's data to a released small model, stage by stage or by one file.
/// </summary>
sealed class TuneVerb(TextWriter output, TextWriter story)
{
    public Command Build()
    {
        var stage = new TuneStage(output, story);
        return new Command("tune", "Moves a narrow task to a small fine-tuned model: data, training, gates, "
            + "release, and the name it is served by.")
        {
            new DatasetCommand(stage).Build(),
            new RunCommand(stage).Build(),
            new EvaluateCommand(stage).Build(),
            new SavingCommand(stage).Build(),
            new ReleaseCommands(stage).Release(),
            new DraftCommand(stage).Build(),
            new ReleaseCommands(stage).Promote(),
            new ReleaseCommands(stage).Rollback(),
            new RolloutCommand(stage).Build(),
            new ReportCommand(stage).Build(),
            new LineageCommands(stage).Lineage(),
            new LineageCommands(stage).Reproduce(),
            new LineageCommands(stage).List(),
            new FormatCommands(stage).Export(),
            new FormatCommands(stage).Import(),
            new ApplyCommand(stage).Build(),
        };
    }
}
