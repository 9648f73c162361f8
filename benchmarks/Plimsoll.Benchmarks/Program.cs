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
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
