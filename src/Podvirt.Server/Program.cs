using Podvirt.Server.Commands;
using Podvirt.Server.Output;
using Podvirt.Server.Serving;

InlineSockets.Enable();
return await CommandLine.RunAsync(args, Terminal.OfProcess(), Environment.GetEnvironmentVariable, TimeProvider.System);
