using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Podvirt.Server.Serving;

namespace Podvirt.Server.Tests.Serving;

[Collection(nameof(OwnConsole))]
public sealed class ServerLogTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(2);

    [Fact]
    public async Task NobodyReadsStandardError_LoggingGoesOnAndTheLogSaysWhatItLost()
    {
        const int More = 500;
        var before = Console.Error;
        using var stopped = new StoppedWriter();
        Console.SetError(stopped);
        try
        {
            await using (var services = new ServiceCollection().AddLogging(logging => logging.AddServerLog()).BuildServiceProvider())
            {
                var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("Podvirt.Test");
                logger.LogWarning("first");
                await stopped.Reached.WaitAsync(s_limit);

                // On a thread of its own: one that waited would wait for ever.
                var logging = Task.Factory.StartNew(
                    () =>
                    {
                        for (var i = 0; i < ServerLog.LinesMax + More; i++)
                        {
                            logger.LogWarning("line {Number}", i);
                        }
                    },
                    TaskCreationOptions.LongRunning);
                await logging.WaitAsync(s_limit);

                stopped.GoOn();
                await UntilAsync(() => stopped.Last.Contains($"line {ServerLog.LinesMax - 1}", StringComparison.Ordinal));
                logger.LogWarning("last");
                await UntilAsync(() => stopped.Last.Contains("last", StringComparison.Ordinal));
            }
            var text = stopped.ToString();
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"{More} message(s) dropped"), text, StringComparison.Ordinal);
            Assert.DoesNotContain($"line {ServerLog.LinesMax + 1}", text, StringComparison.Ordinal);
        }
        finally
        {
            stopped.GoOn();
            Console.SetError(before);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (!condition())
        {
            await Task.Delay(s_poll, limit.Token);
        }
    }

    /// <summary>A pipe that nobody reads, until somebody does.</summary>
    private sealed class StoppedWriter : StringWriter
    {
        private readonly ManualResetEventSlim _goOn = new();
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile string _last = "";

        public Task Reached => _reached.Task;

        /// <summary>What was written last.</summary>
        public string Last => _last;

        public void GoOn() => _goOn.Set();

        public override void Write(string? value)
        {
            _reached.TrySetResult();
            _goOn.Wait();
            base.Write(value);
            _last = value ?? "";
        }

        protected override void Dispose(bool disposing)
        {
            _goOn.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>For what changes the process's own console.</summary>
[CollectionDefinition(nameof(OwnConsole), DisableParallelization = true)]
public sealed class OwnConsole;
