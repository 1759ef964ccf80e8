using Podvirt.LocalCluster;
using Podvirt.LocalCluster.Chaos;
using Podvirt.LocalCluster.Up;

// A cluster of processes on this machine. They are in a session apart from the terminal's, so that Ctrl-C reaches this program alone, and
// it can stop them in order.
try
{
    return args switch
    {
        _ when !OwnSession.IsInside => await OwnSession.RunAsync(args),
        ["up", .. var rest] => await UpCommand.RunAsync(rest),
        ["chaos", .. var rest] => await ChaosCommand.RunAsync(rest, OwnSession.Stopping),
        _ => throw new UsageException($"Usage: Podvirt.LocalCluster up [--listen URL] | {ChaosOptions.Usage}"),
    };
}
catch (UsageException error)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 2;
}
