using BenchmarkDotNet.Running;
using Plimsoll.Benchmarks;

if (args is ["figures", ..])
{
    Figures.Print(System.Console.Out);
    return;
}
if (args is ["slack", .. var seeds])
{
    SlackFigures.Print(System.Console.Out, seeds is [var number] ? int.Parse(number) : 3);
    return;
}
if (args is ["slack-laws", .. var millions])
{
    SlackLaws.Print(System.Console.Out, millions is [var number] ? double.Parse(number) : 5);
    return;
}
if (args is ["slack-own", .. var own])
{
    SlackFigures.Print(System.Console.Out, own is [var number] ? int.Parse(number) : 3, hasStatic: false);
    return;
}
if (args is ["slack-drafts"])
{
    SlackDrafts.Print(System.Console.Out);
    return;
}
if (args is ["slack-bound"])
{
    SlackBound.Print(System.Console.Out);
    return;
}
if (args is ["slack-predictor"])
{
    SlackPredictor.Print(System.Console.Out);
    return;
}
if (args is ["slack-step"])
{
    SlackStep.Print(System.Console.Out);
    return;
}
if (args is ["slack-speed"])
{
    SlackSpeed.Print(System.Console.Out);
    return;
}
if (args is ["steps"])
{
    StepFigures.Print(System.Console.Out);
    return;
}
if (args is ["load-line"])
{
    LoadLineFigures.Print(System.Console.Out);
    return;
}
if (args is ["account-seeds", .. var accounts])
{
    AccountSeeds.Print(System.Console.Out, accounts is [var number] ? int.Parse(number) : 20);
    return;
}
if (args is ["profile-distance", var points])
{
    ProfileDistance.Print(System.Console.Out, points);
    return;
}
if (args is ["engine", var file, .. var computing])
{
    await EngineFigures.Print(System.Console.Out, file, Plimsoll.EngineFigures.Computing.Of(computing));
    return;
}
if (args is ["engine-model", var target, var shape])
{
    EngineFigures.WriteModel(target, shape);
    return;
}
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
