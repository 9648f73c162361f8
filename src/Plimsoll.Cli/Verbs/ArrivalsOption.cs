using System.CommandLine;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>--arrivals</c>: how a workload's requests scatter in time.</summary>
static class ArrivalsOption
{
    public static Option<string> Create()
    {
        var option = new Option<string>("--arrivals")
        {
            Description =
                "own (the workload's), week (own, with the demand of each hour), poisson, or at-once",
            DefaultValueFactory = _ => "own",
        };
        option.Suggest("own", "week", "poisson", "at-once");
        return option;
    }

    public static ArrivalProcess Read(
        ParseResult parsed, Option<string> option) => parsed.GetValue(option) switch
    {
        "own" => ArrivalProcess.Own,
        "week" => ArrivalProcess.Week,
        "poisson" => ArrivalProcess.Poisson,
        "at-once" => ArrivalProcess.AtOnce,
        var other =>
            throw new BadInputException($"--arrivals {other}: expected own, week, poisson or at-once"),
    };
}
