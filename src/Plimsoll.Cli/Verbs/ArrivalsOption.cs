using System.CommandLine;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>--arrivals</c>: how a workload's requests scatter in time.</summary>
static class ArrivalsOption
{
    public static Option<string> Create() => new Option<string>("--arrivals")
    {
        Description = $"{ArrivalProcesses.All}; week is own, with the demand of each hour",
        DefaultValueFactory = _ => ArrivalProcesses.All.NameOf(ArrivalProcess.Own),
    }.OneOf(ArrivalProcesses.All);

    public static ArrivalProcess Read(ParseResult parsed, Option<string> option) =>
        parsed.Chosen(option, ArrivalProcesses.All);
}
