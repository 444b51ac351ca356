"""What an org allows and what is left of it, and how many records it has (REST API Developer Guide, "Limits")."""

from simorg.wire.http import ApiRequest, ApiResponse, Route, data

#: Names and maxima of a Developer Edition org; nothing of these is used up here.
_UNUSED = {
    "ActiveScratchOrgs": 3, "AnalyticsExternalDataSizeMB": 40960, "BOZosCalloutHourlyLimit": 20000,
    "CdpAiInferenceApiMonthlyLimit": 500000000, "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentEinsteinDataInsightsStoryCreation": 5, "ConcurrentEinsteinDiscoveryStoryCreation": 2,
    "ConcurrentSyncReportRuns": 20, "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAnalyticsUploadedFilesSizeMB": 51200, "DailyAsyncApexExecutions": 250000, "DailyAsyncApexTests": 500,
    "DailyBulkApiBatches": 15000, "DailyBulkV2QueryFileStorageMB": 976562, "DailyBulkV2QueryJobs": 10000,
    "DailyDeliveredPlatformEvents": 10000, "DailyDurableGenericStreamingApiEvents": 10000,
    "DailyDurableStreamingApiEvents": 10000, "DailyEinsteinDataInsightsStoryCreation": 1000,
    "DailyEinsteinDiscoveryOptimizationJobRuns": 20000, "DailyEinsteinDiscoveryPredictAPICalls": 50000,
    "DailyEinsteinDiscoveryPredictionsByCDC": 500000, "DailyEinsteinDiscoveryStoryCreation": 100,
    "DailyFunctionsApiCallLimit": 235000, "DailyGenericStreamingApiEvents": 10000,
    "DailyStandardVolumePlatformEvents": 10000, "DailyStreamingApiEvents": 10000, "DailyScratchOrgs": 6,
    "DailyWorkflowEmails": 8040, "DataStorageMB": 5, "DurableStreamingApiConcurrentClients": 20,
    "FileStorageMB": 20, "HourlyAsyncReportRuns": 1200, "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5000, "HourlyDashboardStatuses": 999999999, "HourlyLongTermIdMapping": 100000,
    "HourlyManagedContentPublicRequests": 50000, "HourlyODataCallout": 1000, "HourlyPublishedPlatformEvents": 50000,
    "HourlyPublishedStandardVolumePlatformEvents": 1000, "HourlyShortTermIdMapping": 100000,
    "HourlySyncReportRuns": 500, "HourlyTimeBasedWorkflow": 1000, "MassEmail": 10, "MaxContentDocumentsLimit": 10000,
    "MonthlyEinsteinDiscoveryStoryCreation": 500, "MonthlyPlatformEventsUsageEntitlement": 0,
    "Package2VersionCreates": 6, "Package2VersionCreatesWithoutValidation": 500, "PermissionSets": 1500,
    "PrivateConnectOutboundCalloutHourlyLimitMB": 0, "PublishCallbackUsageInApex": 10485760, "SingleEmail": 15,
    "StreamingApiConcurrentClients": 20,
}  # fmt: skip


def limits(request: ApiRequest) -> ApiResponse:
    """GET /limits."""
    allowed = request.org.settings.daily_requests
    body: dict[str, object] = {name: {"Max": most, "Remaining": most} for name, most in _UNUSED.items()}
    body["DailyApiRequests"] = {"Max": allowed, "Remaining": max(0, allowed - request.org.requests_used)}
    return ApiResponse(200, dict(sorted(body.items())))


def record_count(request: ApiRequest) -> ApiResponse:
    """GET /limits/recordCount?sObjects=A,B: counts, objects with nothing left out."""
    asked = [name for name in request.args.get("sObjects", "").split(",") if name]
    view = request.view
    chosen = [view.find(name) for name in asked] if asked else view.objects()
    counts = []
    for one in chosen:
        if one is None:
            continue
        living = ' WHERE "IsDeleted" = 0' if "isdeleted" in one.fields else ""
        row = request.org.storage.read_one(f"SELECT count(*) FROM {view.source(one.name)}{living}")
        if row and row[0]:
            counts.append({"count": row[0], "name": one.name})
    return ApiResponse(200, {"sObjects": counts})


ROUTES = [
    Route(("GET",), data("/limits"), limits),
    Route(("GET",), data("/limits/recordCount"), record_count),
]
