using BenchmarkDotNet.Running;
using Plimsoll.Benchmarks;

if (args is ["figures", ..])
{
    Figures.Print(System.Console.Out);
    return;
}
if (args is ["slack", ..])
{
    SlackFigures.Print(System.Console.Out);
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
if (args is ["profile-distance", var points])
{
    ProfileDistance.Print(System.Console.Out, points);
    return;
}
if (args is ["engine", var file])
{
    await EngineFigures.Print(System.Console.Out, file);
    return;
}
if (args is ["engine-model", var target, var shape])
{
    EngineFigures.WriteModel(target, shape);
    return;
}
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
