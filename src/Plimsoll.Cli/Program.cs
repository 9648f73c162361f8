using System;
using Plimsoll.Cli;

return CommandLine.Run(args, Console.Out, Console.Error);
