using Podvirt.Server.Commands;
using Podvirt.Server.Output;

return await CommandLine.RunAsync(args, Terminal.OfProcess(), Environment.GetEnvironmentVariable, TimeProvider.System);
