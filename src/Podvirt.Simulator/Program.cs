using System.Runtime.InteropServices;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Startup;

const int Ok = 0;
const int Failed = 1;
const int Misused = 2;

if (args is ["--help"] or ["-h"] or ["serve", "--help"])
{
    Console.Out.Write(OptionParser.Help());
    return Ok;
}

if (!OptionParser.TryParse(args, Environment.GetEnvironmentVariable, out var options, out var error))
{
    await Console.Error.WriteLineAsync(error);
    return Misused;
}

// From the first moment on, so that a stop during the load also gives the gpu memory back.
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

await using var host = new EngineHost(options, TimeProvider.System, Console.Out, Environment.ProcessId);
try
{
    if (!await host.StartAsync(stop.Token))
    {
        return Failed;
    }

    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    await host.StopAsync();
}

return Ok;
