package org.sealstream.app;

import com.getcapacitor.BridgeActivity;

public class MainActivity extends BridgeActivity {}
