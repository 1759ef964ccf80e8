using Podvirt.Configuration;
using Podvirt.Core.Models;
using Podvirt.Gateway.Videos;

namespace Podvirt.Tests.Configuration;

public sealed class VideosReaderTests
{
    private const string Model = """
        models:
          - id: film
            type: video-generation
            engine: { kind: simulated }
            gpu: { memory: 20GiB }
        """;

    [Fact]
    public void EveryKeyOfVideos_IsRead()
    {
        var videos = Read("""
            videos:
              upload_bytes: 1GiB
              spool_bytes: 2GiB
              disk_free: 3GiB
              jobs: 4
              project_jobs: 5
              project_videos: 6
              project_bytes: 7GiB
              file_bytes: 1.5GiB
              keep: 9d
              wait: 10m
              poll_interval: 110ms
              call_timeout: 12s
              silence: 13s
              run_time: 14m
              sync_time: 15m
              rejoin_wait: 16s
              reserve_seconds: 17
              store:
                kind: s3
                endpoint: http://127.0.0.1:9000
                bucket: films
                region: here
                access_key_env: ACCESS
                secret_key_env: SECRET
                path_style: true
                prefix: a/
            """).Videos;

        const long GiB = 1L << 30;
        Assert.Equal(
            (GiB, 2 * GiB, 3 * GiB, 7 * GiB, 3 * GiB / 2),
            (videos.UploadBytesMax, videos.SpoolBytesMax, videos.DiskFreeMin, videos.ProjectBytesMax, videos.FileBytesMax));
        Assert.Equal((4, 5, 6, 17), (videos.JobsMax, videos.ProjectJobsMax, videos.ProjectVideosMax, videos.ReservedSeconds));
        Assert.Equal((TimeSpan.FromDays(9), TimeSpan.FromMinutes(10), TimeSpan.FromMilliseconds(110)), (videos.Keep, videos.WaitMax, videos.PollInterval));
        Assert.Equal((TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(13), TimeSpan.FromMinutes(14)), (videos.CallTimeout, videos.SilenceMax, videos.RunTimeMax));
        Assert.Equal((TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(16)), (videos.SyncTimeMax, videos.RejoinWait));
        Assert.Equal(new BucketOptions(new Uri("http://127.0.0.1:9000"), "films", "here", "the-access", "the-secret", true, "a/"), videos.Bucket);
    }

    [Fact]
    public void NothingSaid_IsTheDefault_InTheDataFolder()
    {
        var videos = Read("").Videos;
        Assert.Null(videos.Bucket);
        Assert.Equal((256L << 20, TimeSpan.FromDays(7)), (videos.UploadBytesMax, videos.Keep));
        Assert.Null(Read("videos: { store: { kind: files } }").Videos.Bucket);
    }

    [Theory]
    [InlineData("videos: { upload: 1GiB }", "videos.upload")]
    [InlineData("videos: { upload_bytes: many }", "videos.upload_bytes")]
    [InlineData("videos: { keep: 0s }", "videos.keep")]
    [InlineData("videos: { jobs: 0 }", "videos.jobs")]
    [InlineData("videos: { store: s3 }", "videos.store")]
    [InlineData("videos: { store: { kind: ftp } }", "videos.store.kind")]
    [InlineData("videos: { store: { kind: files, bucket: x } }", "videos.store.bucket")]
    [InlineData("videos: { store: { kind: s3, access_key_env: ACCESS, secret_key_env: SECRET } }", "videos.store.bucket")]
    [InlineData("videos: { store: { kind: s3, bucket: b, access_key_env: ACCESS, secret_key_env: NONE } }", "videos.store.secret_key_env")]
    [InlineData("videos: { store: { kind: s3, bucket: b, access_key_env: ACCESS, secret_key_env: SECRET, endpoint: here } }", "videos.store.endpoint")]
    [InlineData("videos: { store: { kind: s3, bucket: b, access_key_env: ACCESS, secret_key_env: SECRET, path_style: maybe } }", "videos.store.path_style")]
    [InlineData("videos: { file_bytes: 6GiB, store: { kind: s3, bucket: b, access_key_env: ACCESS, secret_key_env: SECRET } }", "videos.file_bytes")]
    public void WhatIsWrong_IsNamedByItsKey(string text, string key) =>
        Assert.Equal(key, Assert.Single(Assert.Throws<PodvirtConfigException>(() => Read(text)).Errors).Key);

    [Fact]
    public void Offer_OfAModel_IsRead()
    {
        var video = Assert.Single(Read(Model + "\n    video: { sizes: [\"832x480\"], seconds: [4, 8.5], fps: 16 }\n", alone: true).Models).Video!;
        Assert.Equal(["832x480"], video.Sizes);
        Assert.Equal([4m, 8.5m], video.Seconds);
        Assert.Equal((8.5m, 16), (video.MaxSeconds, video.Fps));
        Assert.Null(Assert.Single(Read("").Models).Video);
    }

    [Theory]
    [InlineData("video: { sizes: [big] }", "models[0].video.sizes")]
    [InlineData("video: { seconds: [long] }", "models[0].video.seconds")]
    [InlineData("video: { fps: 0 }", "models[0].video.fps")]
    [InlineData("video: { length: 4 }", "models[0].video.length")]
    public void OfferThatCannotBe_IsNamedByItsKey(string text, string key) =>
        Assert.Equal(key, Assert.Single(Assert.Throws<PodvirtConfigException>(() => Read(Model + "\n    " + text + "\n", alone: true)).Errors).Key);

    [Fact]
    public void Offer_IsForVideoModelsOnly()
    {
        var text = Model.Replace(ModelTypes.VideoGeneration, ModelTypes.Chat, StringComparison.Ordinal) + "\n    video: { fps: 16 }\n";
        Assert.Equal("models[0].video", Assert.Single(Assert.Throws<PodvirtConfigException>(() => Read(text, alone: true)).Errors).Key);
    }

    private static PodvirtConfig Read(string text, bool alone = false) => ConfigReader.Read(
        alone ? text : $"{Model}\n{text}\n", "podvirt.yaml",
        name => name switch { "ACCESS" => "the-access", "SECRET" => " the-secret\n", _ => null });
}
