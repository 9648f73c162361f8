using System;
using System.IO;
using System.Text;
using Plimsoll.Cli;

// Flushed by the command line, so that a full disk or a closed stdout is an error like any other.
var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 15);
return CommandLine.Run(args, output, Console.Error);
