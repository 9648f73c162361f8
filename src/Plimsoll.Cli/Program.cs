System.Console.WriteLine("plimsoll");
return 0;
